import { WeftError } from '../../shared/errors.ts';

/**
 * What went wrong with a sandbox service, as opposed to the code it runs.
 *   unreached  it did not take the request: another service may be asked with the same
 *   refused    it took the request to be wrong, and so would another
 *   broken     it took the request and did not carry it to its end
 */
export class ServiceFault extends WeftError {
  constructor(
    readonly kind: 'unreached' | 'refused' | 'broken',
    message: string,
    cause?: unknown,
  ) {
    super('PYTHON_SERVICE_ERROR', message, { cause, logLevel: 'warn' });
    this.name = 'ServiceFault';
  }

  /** The same, told of the service that it is about. */
  of(service: string): ServiceFault {
    return new ServiceFault(this.kind, `The sandbox service ${service} failed: ${this.message}`, this);
  }
}
