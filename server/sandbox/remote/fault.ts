import { WeftError } from '../../shared/errors.ts';

/**
 * A failure of a sandbox service, as opposed to the code that it runs.
 *   unreached  the service did not accept the request, so another one may get it
 *   refused    the service found the request wrong, as any other would
 *   broken     the service accepted the request and did not complete it
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

  /** The same fault, with the name of the service in its message. */
  withService(service: string): ServiceFault {
    return new ServiceFault(this.kind, `The sandbox service ${service} failed: ${this.message}`, this);
  }
}
