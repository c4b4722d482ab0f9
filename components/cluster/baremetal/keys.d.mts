export interface Key {
    name: string;
    secret: string;
}
type Phase = (keys: Key[]) => Key[];

export function keyName(text: string): string;
export function encryptionConfig(keys: Key[]): object;
export function parseKeys(text: string): Key[] | undefined;
export function phases(key: Key): { known: Phase; first: Phase; alone: Phase };
