import { FieldResolver, Resolver, Root } from 'type-graphql';
import type * as useCases from '../../use-cases/types.ts';
import { UserError, UserErrorLevel } from './user-error.type.ts';

@Resolver(() => UserError)
export class UserErrorResolver {
  @FieldResolver(() => UserErrorLevel, { description: 'Whether it keeps the input from being saved or run.' })
  level(@Root() { level = 'ERROR' }: useCases.UserError): keyof typeof UserErrorLevel {
    return level;
  }
}
