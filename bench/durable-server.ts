import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { twoRows } from './two-rows.ts';

/**
 * The least that a server made with the SDK can be that loses nothing: it gives the text back once the disk has it.
 * Usage: node bench/durable-server.ts <file>
 */
const rows = await twoRows(process.argv[2] ?? '');

serveStdio(() => {
  const server = new McpServer({ name: 'durable', version: '0' });
  const about = { description: 'Keeps the text and gives it back', inputSchema: z.strictObject({ text: z.string() }) };
  server.registerTool('echo', about, async ({ text }) => {
    await rows.write(text);
    return { content: [{ type: 'text', text }] };
  });
  return server;
});
