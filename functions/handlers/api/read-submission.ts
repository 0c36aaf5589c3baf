/**
 * The body of `POST /jobs` is the spec itself, as JSON or YAML by its content type, so that lines and columns in a
 * reply are those of the file that was sent. A spec that names modules comes in a form instead: the field `spec`, and
 * for each module a field of its path in the spec, which holds it bundled into one ES module.
 */
import { FORM_TYPE, type HttpEvent, SPEC_TYPES } from '../../contract/api.ts';
import { RequestError } from '../../contract/errors-cloud.ts';
import { SPEC_LIMITS } from '../../contract/spec-limits.ts';
import { type ParsedSpec, readSpecBytes } from '../../io/spec/parse-spec.ts';

export type Submission = {
  readonly parsed: ParsedSpec;
  /** The bundles that came with the spec, by the field that they came in. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
};

/** The field of a form that holds the spec. */
const SPEC_FIELD = 'spec';

/** Fails with RequestError and SpecError. */
export const readSubmission = async (event: HttpEvent): Promise<Submission> => {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const contentType = event.headers['content-type'] ?? '';
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === FORM_TYPE) return readForm(bytes, contentType);
  const ending = SPEC_TYPES[type];
  if (ending === undefined) throw unsupported(type);
  if (bytes.length === 0)
    throw new RequestError({ status: 400, reason: 'the body is empty, and it is to be the spec' });
  return { parsed: readSpec(bytes, ending), modules: new Map() };
};

const readSpec = (bytes: Uint8Array, ending: string): ParsedSpec => {
  if (bytes.length <= SPEC_LIMITS.documentBytes) return readSpecBytes(bytes, { file: `spec${ending}` });
  const reason = `a spec is at most ${SPEC_LIMITS.documentBytes} bytes, found ${bytes.length}; name a folder or a pattern instead of a long list of inputs`;
  throw new RequestError({ status: 413, reason });
};

const unsupported = (type: string): RequestError =>
  new RequestError({
    status: 415,
    reason: `the content type ${JSON.stringify(type)} is none of a spec; send ${Object.keys(SPEC_TYPES).join(', ')}, or with modules ${FORM_TYPE}`,
  });

const readForm = async (bytes: Uint8Array, contentType: string): Promise<Submission> => {
  let parsed: ParsedSpec | undefined;
  const modules = new Map<string, Uint8Array>();
  for (const [field, value] of await parseForm(bytes, contentType)) {
    const content = typeof value === 'string' ? Buffer.from(value) : await value.bytes();
    if (field !== SPEC_FIELD) {
      if (modules.has(field)) throw badForm(`the field ${JSON.stringify(field)} is there twice`);
      modules.set(field, content);
      continue;
    }
    if (parsed !== undefined) throw badForm('the field "spec" is there twice');
    const isJson = typeof value !== 'string' && (/\.json$/i.test(value.name) || /json/i.test(value.type));
    parsed = readSpec(content, isJson ? '.json' : '.yaml');
  }
  if (parsed === undefined) throw badForm('it has no field "spec"');
  return { parsed, modules };
};

const badForm = (reason: string, cause?: unknown): RequestError =>
  new RequestError(
    { status: 400, reason: `the form cannot be used: ${reason}` },
    cause === undefined ? {} : { cause },
  );

const parseForm = async (bytes: Uint8Array, contentType: string) => {
  const body = new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } });
  try {
    return await body.formData();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw badForm('it does not parse', error);
  }
};
