declare module 'asl-validator' {
  /** Writes into the definition that it judges. */
  function validate(definition: object): {
    readonly isValid: boolean;
    readonly errors: readonly object[];
  };
  export = validate;
}
