import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OrchestratorError } from '../domain/errors.ts';
import { explained, fileError, ifThere, systemCode } from './file-errors.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: as the system says it`), { code });
const writing = { verb: 'write', path: '.task_orchestrator/docs/index.md' } as const;

test.each([
  ['ENOSPC', 'transient', /disk is full/, /Free space/],
  ['EDQUOT', 'transient', /quota/, /quota/],
  ['EROFS', 'transient', /read-only/, /--workspace/],
  ['EACCES', 'transient', /permission/, /write access/],
  ['ENOTDIR', 'refused', /where a folder belongs/, /move it elsewhere/],
])('%s is told as %s, with the file and what to mend', (code, kind, message, suggestion) => {
  const error = fileError(systemError(code), writing);

  expect(error).toBeInstanceOf(OrchestratorError);
  expect(error).toMatchObject({
    code: kind,
    message: expect.stringMatching(message),
    suggestion: expect.stringMatching(suggestion),
    cause: { code },
  });
  expect(error).toMatchObject({ message: expect.stringContaining(writing.path) });
});

test('an error that is not of the file system comes back as it was', () => {
  const error = new TypeError('a fault of ours');

  expect(fileError(error, writing)).toBe(error);
  expect(systemCode(error)).toBeUndefined();
});

test('a refusal of ours passes through an explained action unchanged', async () => {
  const refusal = new OrchestratorError('refused', 'Not there');

  await expect(explained(writing, () => Promise.reject(refusal))).rejects.toBe(refusal);
});

test('what is not there is undefined, and any other failure is thrown', async () => {
  await expect(ifThere(readFile(join(tmpdir(), 'no-such-file-of-ours')))).resolves.toBeUndefined();
  await expect(ifThere(readFile(tmpdir()))).rejects.toMatchObject({ code: 'EISDIR' });
});
