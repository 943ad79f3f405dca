import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { NewToken } from '../../use-cases/tokens.ts';
import type { Outcome } from '../../use-cases/types.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { TokenCreateInput, TokenMintInput, TokensArgs } from './token.input.ts';
import { TokenConnection, TokenRevokePayload, TokenSecretPayload } from './token.type.ts';

@Resolver()
export class TokenResolver {
  @Query(() => TokenConnection, { description: 'Tokens, newest first, without their secrets.' })
  async tokens(
    @Args(() => TokensArgs) args: TokensArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<TokenConnection> {
    const page = toPageRequest(args, (text) => isId('tok', text));
    return toConnection(
      await weft.tokens.list(page, args.filter ?? {}),
      (token) => token,
      ({ id }) => id,
    );
  }

  @Mutation(() => TokenSecretPayload, { description: 'Makes a token for a program or a person.' })
  async tokenCreate(
    @Arg('input', () => TokenCreateInput, { description: 'The token.' }) input: TokenCreateInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<TokenSecretPayload> {
    return toSecretPayload(await weft.tokens.create(input, caller.principal));
  }

  @Mutation(() => TokenSecretPayload, {
    description:
      'Makes a token for one page, for a short time: a backend calls it with its own token, and hands the secret to the browser.',
  })
  async tokenMint(
    @Arg('input', () => TokenMintInput, { description: 'What the page may do.' }) input: TokenMintInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<TokenSecretPayload> {
    return toSecretPayload(await weft.tokens.mint(input, caller.principal));
  }

  @Mutation(() => TokenRevokePayload, {
    description:
      'Ends a token and all that it has minted: further requests are refused, and open streams end within seconds.',
  })
  async tokenRevoke(
    @Arg('id', () => ID, { description: 'The token.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<TokenRevokePayload> {
    const outcome = await weft.tokens.revoke(id);
    return outcome.ok
      ? { token: outcome.value, userErrors: [] }
      : { token: null, userErrors: outcome.userErrors };
  }
}

function toSecretPayload(outcome: Outcome<NewToken>): TokenSecretPayload {
  return outcome.ok
    ? { ...outcome.value, userErrors: [] }
    : { token: null, secret: null, userErrors: outcome.userErrors };
}
