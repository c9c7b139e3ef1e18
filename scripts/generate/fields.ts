import { asList, asSchema, type Schema } from './schemas.ts';

/** A field of a schema for a table: `filters.status`, `subtasks[].title`. */
export type Field = Readonly<{
  path: string;
  type: string;
  isRequired: boolean;
  preset: unknown;
  description: string;
}>;

/** All fields of a schema, each followed by those inside it. */
export function fieldsOf(schema: Schema, prefix = ''): readonly Field[] {
  const required = asList(schema.required);
  return Object.entries(asSchema(schema.properties)).flatMap(([name, part]) => {
    const field = asSchema(part);
    return [
      {
        path: `${prefix}${name}`,
        type: inWords(field),
        isRequired: required.includes(name),
        preset: field.default,
        description: asText(field.description),
      },
      ...fieldsInside(field, `${prefix}${name}`),
    ];
  });
}

function fieldsInside(field: Schema, path: string): readonly Field[] {
  if (field.items !== undefined) return fieldsInside(asSchema(field.items), `${path}[]`);
  const choices = asList(field.anyOf).flatMap((choice) => fieldsInside(asSchema(choice), path));
  const named = fieldsOf(field, `${path}.`);
  return [...named, ...choices, ...fieldsInEachValue(field, path)];
}

/** An object whose keys are free: what each of its values holds. */
function fieldsInEachValue(field: Schema, path: string): readonly Field[] {
  const value = asSchema(field.additionalProperties);
  return Object.keys(value).length === 0 ? [] : fieldsInside(value, `${path}.*`);
}

/** A schema's type as a reader would say it. */
function inWords(schema: Schema): string {
  const choices = [...asList(schema.anyOf), ...asList(schema.oneOf)];
  if (choices.length > 0) return [...new Set(choices.map((choice) => inWords(asSchema(choice))))].join(' or ');
  if (schema.const !== undefined) return code(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(code).join(', ');
  switch (schema.type) {
    case 'array':
      return `list of ${ofMany(asSchema(schema.items))}`;
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'null':
      return '`null`';
    default:
      return 'object';
  }
}

const ofMany = (schema: Schema) => inWords(schema).replace(/^(text|object|list|number|whole number)\b/, '$1s');

function range({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? '' : `, at most ${maximum}`;
}

const code = (value: unknown) => `\`${String(value)}\``;
const asText = (value: unknown) => (typeof value === 'string' ? value : '');
