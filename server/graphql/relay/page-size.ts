/** Items of one page of a list. */
export const maxPageSize = 100;
export const defaultPageSize = 20;
