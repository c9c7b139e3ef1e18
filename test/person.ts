import type { Answer, Question, Word } from '../src/application/person.ts';
import { Unanswered } from '../src/application/person.ts';
import { OrchestratorError } from '../src/domain/errors.ts';
import { errorBody } from '../src/presentation/errors.ts';
import type { Body, TestOrchestrator } from './harness.ts';

/** What a person says to each question: a word about all of it, or an answer; nothing where they leave it. */
type Says = (question: Question) => Said | Promise<Said>;
type Said = Word | Answer | undefined;

/** Calls tools as a face does whose client can ask: it asks when it is told to, and calls again with the answer. */
export function aPersonAt({ orchestrator }: Pick<TestOrchestrator, 'orchestrator'>, says: Says) {
  const asked: Question[] = [];
  const name = 'the person at test';
  const ask = async (question: Question): Promise<Answer> => {
    asked.push(question);
    const said = await says(question);
    if (typeof said === 'object') return said;
    return {
      words: said === undefined ? [] : question.gates.map(({ title: _, ...gate }) => ({ ...gate, word: said })),
    };
  };
  const call = async (tool: string, args: Body): Promise<Body> => {
    const full = `orchestrator_${tool}`;
    try {
      return await orchestrator.call(full, args, { person: { name } });
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return orchestrator.call(full, args, { person: { name, answer: await ask(error.question) } });
    }
  };
  return {
    /** The questions, in the order in which they were asked. */
    asked,
    call,
    /** The body of a call that is expected to be refused. */
    refused: async (tool: string, args: Body): Promise<Body> => {
      const error = await call(tool, args).then(
        (reply) => new Error(`${tool} was not refused: ${JSON.stringify(reply).slice(0, 300)}`),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof OrchestratorError)) throw error;
      return JSON.parse(JSON.stringify(errorBody(error)));
    },
  };
}
