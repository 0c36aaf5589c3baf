import { readFile } from 'node:fs/promises';
import { ENDPOINT_LIMITS, EndpointsFile } from '../../contract/endpoint-settings.ts';
import { type EndpointProblem, EndpointSettingsError } from '../../contract/errors-infer.ts';
import { explainIssues, phraseIssue } from '../../core/explain-issues.ts';
import { renderSpecPath, type SpecPath } from '../../core/spec-path.ts';
import { readYamlDocument } from '../spec/spec-document.ts';
import { maskTexts } from './mask-texts.ts';

/** The endpoints of a file, each as yet unread, and where its parts stand. */
export type SettingsFile = {
  readonly file: string;
  readonly endpoints: Readonly<Record<string, unknown>>;
  readonly place: (
    path: SpecPath,
    at: 'key' | 'value',
  ) => { readonly line?: number; readonly column?: number };
};

/** Reads a file of settings. Fails with EndpointSettingsError, with line and column. */
export const readSettingsFile = async (file: string): Promise<SettingsFile> => {
  const refuse = (problems: readonly EndpointProblem[], cause?: unknown): never => {
    throw new EndpointSettingsError(problems, cause === undefined ? {} : { cause });
  };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    refuse([{ file, path: '', message: `the file cannot be read (${error.code})` }], error),
  );
  if (Buffer.byteLength(text) > ENDPOINT_LIMITS.fileBytes)
    refuse([{ file, path: '', message: `the file is at most ${ENDPOINT_LIMITS.fileBytes} bytes` }]);
  const document = readYamlDocument(text);
  const place = (path: SpecPath, at: 'key' | 'value') => document.locate(path, at) ?? {};
  if (document.problems.length > 0)
    refuse(
      document.problems.map(({ path, message, position }) => ({
        file,
        path: renderSpecPath(path),
        // What YAML's parser says may quote the line, and the line may hold what is secret.
        message: message.split('\n')[0] ?? '',
        ...position,
      })),
    );
  const parsed = EndpointsFile.safeParse(document.value, { error: phraseIssue });
  if (parsed.success) return { file, endpoints: parsed.data.endpoints, place };
  return refuse(
    explainIssues(EndpointsFile, maskTexts(document.value, ['endpoints']), parsed.error.issues).map(
      ({ path, at, ...problem }) => ({
        file,
        path: renderSpecPath(path),
        ...problem,
        ...place(path, at),
      }),
    ),
  );
};
