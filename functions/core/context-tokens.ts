import {
  isLooseJson,
  type LooseJson,
  type ModelDocuments,
  numberAt,
  textAt,
  textConfigOf,
} from './model-facts.ts';

/** Under these names models say how long a text they take; the shortest counts. */
const LENGTHS = [
  'max_position_embeddings',
  'n_positions',
  'max_seq_len',
  'seq_length',
  'max_target_positions',
  'max_sequence_length',
  'max_seq_length',
  'seq_len',
] as const;

/** Kinds of RoPE whose factor is in the length already. */
const SCALED: ReadonlySet<string> = new Set([
  'su',
  'longrope',
  'llama3',
  'yarn',
  'deepseek_yarn',
  'deepseek_llama_scaling',
]);

const ropeOf = (config: LooseJson): LooseJson | undefined => {
  const rope = config.rope_parameters ?? config.rope_scaling;
  return isLooseJson(rope) ? rope : undefined;
};

const ropeFactor = (config: LooseJson): number => {
  const rope = ropeOf(config);
  const type = textAt(rope, 'rope_type') ?? textAt(rope, 'type') ?? 'default';
  const isCounted = SCALED.has(type) || (textAt(config, 'model_type') ?? '').includes('gemma3');
  return isCounted ? 1 : (numberAt(rope, 'factor') ?? 1);
};

/**
 * How many tokens prompt and answer may have together, as vLLM derives it; undefined where the files do not say it
 * (vLLM then takes what the model's class has by default).
 * @see vllm/config/model.py, `_get_and_verify_max_len`, of vLLM 0.32.0
 */
export const contextTokensOf = (model: ModelDocuments): number | undefined => {
  const config = textConfigOf(model.config);
  const encoder = numberAt(model.encoderConfig, 'max_seq_length');
  if (encoder !== undefined) return Math.floor(encoder);
  const lengths = LENGTHS.flatMap((name) => numberAt(config, name) ?? []);
  // Positions that are learned end where the tokenizer says, if that is sooner.
  if (textAt(config, 'position_embedding_type') === 'absolute')
    lengths.push(numberAt(model.tokenizerConfig, 'model_max_length') ?? Number.POSITIVE_INFINITY);
  const own = numberAt(config, 'model_max_length');
  const shortest = own ?? Math.min(...lengths);
  if (!Number.isFinite(shortest)) return undefined;
  const isLongRope = textAt(ropeOf(config), 'rope_type') === 'longrope';
  const original = numberAt(config, 'original_max_position_embeddings');
  if (isLongRope && original !== undefined) return Math.floor(original);
  return Math.floor(shortest * ropeFactor(config));
};
