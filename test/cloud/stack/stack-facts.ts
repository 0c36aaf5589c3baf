/** What the set-up tells the tests of the stack that it deployed. */
export type StackFacts = {
  readonly target: 'emulator' | 'aws';
  /** Variables of the environment that reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the emulator. */
  readonly endpoint?: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly seconds: { readonly bootstrap: number; readonly synth: number; readonly deploy: number };
  readonly settings: Readonly<Record<string, unknown>> & { readonly stackName: string };
};

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFacts;
  }
}
