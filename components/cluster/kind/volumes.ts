// @ts-nocheck
/** In a directory of volumes that Landfall made. */
export const markFile = ".landfall";
