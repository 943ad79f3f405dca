import {
  TokenCreateDocument,
  type TokenCreateInput,
  type TokenFilter,
  TokenMintDocument,
  type TokenMintInput,
  type TokenPartsFragment,
  TokenRevokeDocument,
  TokensDocument,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import type { Listing, ListOptions } from './listing.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** A token as it is listed: without its secret. */
export type Token = TokenPartsFragment;

/** A new token, and the secret that clients send. No other answer has it. */
export interface NewToken {
  token: Token;
  secret: string;
}

/** Needs a token with the scope ADMIN, except for `mint`. */
export interface Tokens {
  /** Newest first. */
  list(options?: ListOptions & { filter?: TokenFilter }): Listing<Token>;
  /** For a program or a person. @throws WeftInputError */
  create(input: TokenCreateInput, options?: RequestOptions): Promise<NewToken>;
  /**
   * For one page and a short time: to watch one execution, or to run one workflow. For backends, whose own token has the
   * scope RUN; the page makes its client with the secret. @throws WeftInputError
   */
  mint(input: TokenMintInput, options?: RequestOptions): Promise<NewToken>;
  /** Ends it, and all that it has minted. @throws WeftNotFoundError */
  revoke(id: string, options?: RequestOptions): Promise<Token>;
}

export function makeTokens({ settings }: ClientContext): Tokens {
  return {
    list: makeList(settings, TokensDocument, 'tokens'),
    async create(input, options) {
      return toNewToken((await request(settings, TokenCreateDocument, { input }, options)).tokenCreate);
    },
    async mint(input, options) {
      return toNewToken((await request(settings, TokenMintDocument, { input }, options)).tokenMint);
    },
    async revoke(id, options) {
      return unwrapPayload(
        (await request(settings, TokenRevokeDocument, { id }, options)).tokenRevoke,
        'token',
      );
    },
  };
}

function toNewToken(
  payload: Parameters<typeof unwrapPayload>[0] & { token: Token | null; secret: string | null },
) {
  return { token: unwrapPayload(payload, 'token'), secret: payload.secret! };
}
