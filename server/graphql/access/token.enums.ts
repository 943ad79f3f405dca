import { registerEnumType } from 'type-graphql';
import { scopes, tokenKinds } from '../../auth/principal.ts';
import { enumOf } from '../enum-of.ts';

export const TokenScope = enumOf(scopes);
registerEnumType(TokenScope, {
  name: 'TokenScope',
  description: 'What a token may do. Each scope includes those before it.',
  valuesConfig: {
    READ: { description: 'Sees workflows, executions and what they are made of.' },
    RUN: { description: 'Starts, cancels, resumes and retries executions, and decides on approvals.' },
    EDIT: { description: 'Changes workflows and schedules, and so what code runs.' },
    ADMIN: { description: 'Makes and revokes tokens, and sets secrets.' },
  },
});

export const TokenKind = enumOf(tokenKinds);
registerEnumType(TokenKind, {
  name: 'TokenKind',
  description: 'What a token is for.',
  valuesConfig: {
    SERVICE: { description: 'Made by an administrator, for a program or a person.' },
    BROWSER: { description: 'Minted by a program, for one page and a short time.' },
  },
});
