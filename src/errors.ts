/**
 * The few error classes of the project. Each carries a stable `code` that logs, HTTP answers and tests rely on,
 * and where one input field is to blame, its name.
 */
export class VigiaError extends Error {
  readonly code: string;
  /** The setting, option, payload field or query parameter at fault. */
  readonly field?: string;

  constructor(code: string, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.field !== undefined) this.field = options.field;
  }
}

/** A reading, query or request that can never be accepted as it is. */
export class InvalidInput extends VigiaError {
  constructor(field: string, message: string, options: { cause?: unknown } = {}) {
    super('invalid_input', message, { field, ...options });
  }
}

/** The program cannot start or run as configured: an operator has to change something. */
export class ConfigurationError extends VigiaError {
  constructor(message: string, options: { field?: string; cause?: unknown } = {}) {
    super('configuration', message, options);
  }
}

/** The store cannot be reached or refuses every write just now; the same call may succeed later. */
export class StoreUnavailable extends VigiaError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('store_unavailable', message, options);
  }
}

/** A model artifact or model file that cannot be used. */
export class InvalidModel extends VigiaError {
  constructor(message: string, options: { field?: string; cause?: unknown } = {}) {
    super('invalid_model', message, options);
  }
}
