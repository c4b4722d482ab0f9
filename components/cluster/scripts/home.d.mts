export function cacheDirectory(): string;
