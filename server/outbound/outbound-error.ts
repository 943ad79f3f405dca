/** Why a request to the world has no response. */
export class OutboundError extends Error {
  constructor(
    readonly code:
      | 'INVALID_REQUEST'
      | 'REFUSED_ADDRESS'
      | 'TIMEOUT'
      | 'NETWORK'
      | 'TOO_LARGE'
      | 'TOO_MANY_REDIRECTS',
    message: string,
    /** Whether the same request may get a response later. */
    readonly isTransient = false,
  ) {
    super(message);
    this.name = 'OutboundError';
  }
}
