import { z } from 'zod';

/** The fields of an object schema by name; none for any other. */
export const shapeOf = (schema: z.ZodType): Readonly<Record<string, z.core.$ZodType>> =>
  schema instanceof z.ZodObject ? schema.shape : {};

/** The type behind what makes a field optional. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return bare(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? bare(schema.def.in) : schema;
}
