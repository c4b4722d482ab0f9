/** The word that was probably meant; undefined if none is similar. */
export function closest(given: string, words: readonly string[]): string | undefined {
    const near = words
        .map(word => ({ word, distance: distance(given.toLowerCase(), word.toLowerCase()) }))
        .filter(({ word, distance }) => distance <= Math.max(1, Math.floor(Math.min(given.length, word.length) / 3)));
    return near.sort((left, right) => left.distance - right.distance)[0]?.word;
}

/** Number of letters that were added, omitted, changed or swapped with their neighbour (optimal string alignment). */
function distance(left: string, right: string): number {
    const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
    for (let row = 1; row <= left.length; row++) {
        rows[row] = [row];
        for (let column = 1; column <= right.length; column++) {
            const same = left[row - 1] === right[column - 1];
            const swapped = row > 1 && column > 1 &&
                left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
            rows[row][column] = Math.min(
                rows[row - 1][column] + 1,
                rows[row][column - 1] + 1,
                rows[row - 1][column - 1] + (same ? 0 : 1),
                swapped ? rows[row - 2][column - 2] + 1 : Infinity,
            );
        }
    }
    return rows[left.length][right.length];
}
