interface Repository {
    repository: string;
    password: string;
    environment?: string;
}

export function exportLines(settings: Repository): string[];
export const checkApart: string;
