interface Output {
    stdout: string;
    stderr: string;
}

export interface Answer extends Output {
    ok: boolean;
    code: number;
    began: boolean;
    whole: boolean;
    noise: string;
}

export function framed(command?: string): {
    command: string;
    script(text: string): string;
    isOver(output: Output): boolean;
    read(output: Output & { code: number }): Answer;
};
