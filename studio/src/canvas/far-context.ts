import { createContext } from 'react';

/** Whether the canvas is seen from so far away that no text can be read and no handle met. */
export const FarContext = createContext(false);
