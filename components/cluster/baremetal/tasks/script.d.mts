export interface Task {
    name: string;
    script: string;
}

export function renderScript(tasks: Task[], values?: Record<string, string>): string;
