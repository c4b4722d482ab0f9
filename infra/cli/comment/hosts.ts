import type { limits } from "../preview/comment";
import { UserError } from "../terminal/errors";
import { type Api, pages, Refused, request } from "./http";

/** A comment on a pull request. */
export interface Comment {
    id: number;
    author: string;
    body: string;
}

/** A pull request on a host. Everything that differs between hosts is here. */
export interface PullRequest {
    /** Whose limits its comments have. */
    host: keyof typeof limits;
    /** A number that grows from run to run, if the environment has one. */
    run?: number;
    /** Under which name this program's comments appear. */
    self(): Promise<string>;
    comments(): Promise<Comment[]>;
    create(body: string): Promise<void>;
    edit(id: number, body: string): Promise<void>;
    remove(id: number): Promise<void>;
    /** The labels as they are now. */
    labels(): Promise<string[]>;
}

/** The pull request of this environment: GitHub's or GitLab's variables say which. */
export function pullRequestOf(environment: NodeJS.ProcessEnv, sleep?: Api["sleep"]): PullRequest {
    if (environment.CI_MERGE_REQUEST_IID) return gitlab(environment, sleep);
    if (environment.GITHUB_REPOSITORY) return github(environment, sleep);
    throw new UserError(
        "This is no pull request's run. Set GITHUB_REPOSITORY (owner/name), PULL_REQUEST (its number) and GITHUB_TOKEN; "
            + "for GitLab CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID and GITLAB_TOKEN.",
    );
}

/** Account that a workflow's own token writes as. */
const workflows = "github-actions[bot]";

function github(environment: NodeJS.ProcessEnv, sleep: Api["sleep"]): PullRequest {
    const { GITHUB_API_URL: url = "https://api.github.com", GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
    const number = numberOf(environment, "PULL_REQUEST");
    const api: Api = {
        url, token: "GITHUB_TOKEN", right: "the permission pull-requests: write", sleep,
        headers: { accept: "application/vnd.github+json", authorization: `Bearer ${required(environment, "GITHUB_TOKEN")}` },
    };
    const at = `/repos/${repository}/issues`;
    return {
        host: "github",
        ...(run && { run: Number(run) }),
        async self() {
            if (environment.COMMENT_AUTHOR) return environment.COMMENT_AUTHOR;
            try {
                const { body } = await request(api, "GET", "/user");
                return (body as { login?: string } | undefined)?.login ?? workflows;
            } catch (error) {
                // The token of a workflow isn't a user's: it may not ask who it is.
                if (error instanceof Refused && error.status === 403) return workflows;
                throw error;
            }
        },
        async comments() {
            const found = await pages<{ id: number; user: { login: string } | null; body: string | null }>(api, `${at}/${number}/comments`);
            return found.map(({ id, user, body }) => ({ id, author: user?.login ?? "", body: body ?? "" }));
        },
        create: body => done(api, request(api, "POST", `${at}/${number}/comments`, { body })),
        edit: (id, body) => done(api, request(api, "PATCH", `${at}/comments/${id}`, { body })),
        remove: async id => void await request(api, "DELETE", `${at}/comments/${id}`),
        labels: async () => (await pages<{ name: string }>(api, `${at}/${number}/labels`)).map(({ name }) => name),
    };
}

function gitlab(environment: NodeJS.ProcessEnv, sleep: Api["sleep"]): PullRequest {
    const number = numberOf(environment, "CI_MERGE_REQUEST_IID");
    const api: Api = {
        url: required(environment, "CI_API_V4_URL"), token: "GITLAB_TOKEN", right: "the scope api, of a project access token", sleep,
        headers: { "private-token": required(environment, "GITLAB_TOKEN") },
    };
    const at = `/projects/${encodeURIComponent(required(environment, "CI_PROJECT_ID"))}/merge_requests/${number}`;
    return {
        host: "gitlab",
        ...(environment.CI_PIPELINE_ID && { run: Number(environment.CI_PIPELINE_ID) }),
        async self() {
            const { body } = await request(api, "GET", "/user");
            const { username } = (body ?? {}) as { username?: string };
            if (username === undefined) throw new UserError("GITLAB_TOKEN belongs to no user: use a project access token with the scope api.");
            return username;
        },
        async comments() {
            const found = await pages<{ id: number; author: { username: string }; body: string; system: boolean }>(api, `${at}/notes`);
            return found.filter(({ system }) => !system).map(({ id, author, body }) => ({ id, author: author.username, body }));
        },
        create: body => done(api, request(api, "POST", `${at}/notes`, { body })),
        edit: (id, body) => done(api, request(api, "PUT", `${at}/notes/${id}`, { body })),
        remove: async id => void await request(api, "DELETE", `${at}/notes/${id}`),
        async labels() {
            const { status, body } = await request(api, "GET", at);
            if (status === 404) throw new UserError(`There is no merge request ${number}, or GITLAB_TOKEN may not see it.`);
            return (body as { labels: string[] }).labels;
        },
    };
}

async function done(api: Api, answer: ReturnType<typeof request>): Promise<void> {
    const { status } = await answer;
    if (status === 404) throw new UserError(`The pull request or its comment is gone, or ${api.token} may not see it.`);
}

function required(environment: NodeJS.ProcessEnv, name: string): string {
    const value = environment[name];
    if (value) return value;
    throw new UserError(`${name} isn't set. Hosts give no secrets to the pull request of a fork: infra/guides/team.md says what to do there.`);
}

function numberOf(environment: NodeJS.ProcessEnv, name: string): string {
    const value = required(environment, name);
    if (/^[1-9]\d{0,9}$/.test(value)) return value;
    throw new UserError(`${name} is "${value}"; it must be the number of a pull request, for example 12.`);
}
