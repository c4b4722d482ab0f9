export const otherKey: string;
