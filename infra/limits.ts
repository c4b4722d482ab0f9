/**
 * The limits of WordPress between a visitor and the disk, derived from a few settings. Those that every web service and
 * database share, such as timeouts and the connections that the database accepts, are in components/workload/limits.ts. The
 * proxies' are in components/platform/gateway/limits.ts. `npm run limits -- <stack>` prints them all.
 */
import { mebibytes, quantity } from "../components/quantity";
import {
    databaseLimits, DatabaseLimits, leastDatabaseMemory, podsInRollout, RequestTimes, requestTimes, slowestRate,
} from "../components/workload/limits";
import type { Traffic } from "../components/platform";
import type { AppSettings } from "./config";
import { graceOfServices, trafficOfServices } from "./services/limits";

/** A pod's PHP processes for one kind of request, and how many such requests it accepts. */
export interface Workers {
    /** Processes, each of which answers one request at a time. */
    count: number;
    /** Requests in progress or waiting. The pod answers any further one with 503. */
    queue: number;
    /** PHP's `memory_limit`, in mebibytes. */
    memory: number;
}

/** The limits of a web pod. */
interface WebLimits {
    /** Pods at the height of a rolling update. */
    pods: number;
    /** Apache's threads: all queues at their longest, and some for files and probes. */
    threads: number;
    /** Concurrent PHP requests of one client address, if the gateway sees client addresses. */
    clientRequests: number;
    /** Concurrent requests of visitors that have a body. Apache receives the body before the request queues for PHP. */
    visitorBodies: number;
    /** For visitors. */
    pages: Workers;
    /** For logged-in users. */
    editors: Workers;
    /** For files that editors upload, and for image processing. */
    uploads: Workers;
    /** Mebibytes for compiled PHP, shared by all processes. */
    opcache: number;
    /** Width times height of the largest image that is decoded. */
    imagePixels: number;
    /** Largest file that an editor may upload, in bytes. */
    file: number;
    /** Largest body in bytes: of a visitor's request, of an editor's, of one that uploads a file. */
    bodies: { visitor: number; editor: number; upload: number };
    /** Mebibytes under /tmp: all bodies at their largest. */
    scratch: number;
}

/** The limits of the pod that runs scheduled tasks. */
interface TaskLimits {
    /** Number of pods at once: a run starts when the previous one has ended. */
    pods: number;
    cpu: { request: string; limit: string };
    memory: { request: string; limit: string };
    /** PHP's `memory_limit`, in mebibytes. */
    phpMemory: number;
    /** Mebibytes under /tmp. */
    scratch: number;
    /** Longest run, in seconds. */
    seconds: number;
}

export interface Limits {
    web: WebLimits;
    tasks: TaskLimits;
    database: DatabaseLimits;
    time: RequestTimes;
    /** A transfer slower than this counts as stalled, in bytes a second. */
    slowestRate: number;
}

const mebibyte = 1 << 20;

/** What infra/images/web was measured to use, in mebibytes unless stated otherwise. */
const measured = {
    /** Apache with all threads busy, PHP's master process and the one that answers probes. */
    base: 72,
    /** WordPress's own code takes half. */
    opcache: 64,
    /** A process of PHP on top of its memory_limit. */
    process: 8,
    /** How far a process that runs out of memory exceeds its limit before it ends. */
    excess: 64,
    /** Visitors' pages use up to 8, WordPress's own screens 24, and saving a post of 2 MB 90. */
    pages: 40,
    editors: 96,
    /** In addition to the file, which WordPress reads into memory as a whole. */
    uploads: 24,
    /** Bytes that GD uses for a pixel of the most expensive kind of image. */
    bytesPerPixel: 11,
    /** The smaller sizes that WordPress makes of an image, and their encoders. */
    smallerSizes: 64,
    /** PHP of the command line, on top of its memory_limit. */
    commandLine: 32,
};

/** The size of a phone's photo, which every site must accept. */
const leastPixels = 12_200_000;

/** Processes beyond these wait for the processor, not for the database. */
const pagesPerCpu = 12;
/** Beyond this, another pod serves visitors better than more processes in one. */
const mostPages = 64;
/** As many as a pod answers in the 30 seconds that a request may wait. */
const pagesQueue = 256;
const visitorBodies = 32;
/** Two if there is room, because one screen of WordPress's editor sends several requests at once. */
const mostEditors = 2;
const editorsQueue = 16;
/** One, because image processing takes most of the memory. The next upload waits. */
const uploads = 1;
const uploadsQueue = 4;
/** Threads outside all queues: for files, probes, and requests that get a 503. */
const otherThreads = 32;
/** Share of the variable memory for decoding images, if that is more than the minimum. */
const pictureShare = 2 / 5;
const visitorBody = 256 << 10;
const largestEditorBody = 2 * mebibyte;
/** Bytes that the upload form adds to the file. */
const formOverhead = 2 * mebibyte;
/** Files under /tmp that aren't bodies: process IDs, locks, sockets. */
const otherScratch = 16;

/** Enough for the tasks of larger plugins; WordPress's own use 24. Images are processed in web pods. */
const taskMemory = 160;
/** The limit leaves CPU for other pods even if a task never pauses. */
const taskCpu = { request: "20m", limit: "500m" };
/** A longer run would delay the tasks that become due meanwhile. */
const taskSeconds = 600;

const pageMemory = measured.pages + measured.process;
const editorMemory = measured.editors + measured.process;
const leastPictureMemory = measured.smallerSizes + Math.ceil(leastPixels * measured.bytesPerPixel / mebibyte);

/** PHP's memory_limit for an upload, in mebibytes. */
function uploadMemory(file: number): number {
    return Math.ceil(file / mebibyte) + measured.uploads;
}

/** Memory of a web pod before any visitor, editor or image, in mebibytes. */
function fixedMemory(file: number): number {
    const { base, opcache, excess, process } = measured;
    return base + opcache + excess + uploads * (uploadMemory(file) + process);
}

/** The least `app.web.memory.limit`, in mebibytes: with it one visitor and one editor are served at a time. */
export function leastWebMemory({ uploads: { maxFile } }: { uploads: { maxFile: string } }): number {
    return fixedMemory(bytes(maxFile)) + pageMemory + editorMemory + leastPictureMemory;
}

function bytes(size: string): number {
    return Number(quantity(size) / 10n ** 9n);
}

/** The settings below `landfall:app` from which everything here follows. */
interface Given {
    web: {
        replicas: { max: number };
        cpu: { limit: string };
        memory: { limit: string };
        requestSeconds: number;
        uploads: { maxFile: string };
    };
    database: { memory: { limit: string } };
}

/**
 * How many database connections the pods may open: one for each PHP process, one in each web pod for its installer or an
 * administrator's command, and one for each scheduled task. `databaseLimits` says how many the server accepts.
 */
export function connectionsOf({ web, tasks }: Pick<Limits, "web" | "tasks">): number {
    return web.pods * (web.pages.count + web.editors.count + web.uploads.count + 1) + tasks.pods;
}

/** The limits of scheduled tasks. They depend on no setting, because tasks don't need more when there are more visitors. */
const taskLimits: TaskLimits = {
    pods: 1,
    cpu: taskCpu,
    memory: { request: "64Mi", limit: `${taskMemory + measured.commandLine + measured.excess}Mi` },
    phpMemory: taskMemory,
    scratch: 64,
    seconds: taskSeconds,
};

/**
 * The least `app.database.memory.limit`, in mebibytes, for the connections that the web pods may open.
 * infra/config/sections/together.ts refuses less.
 */
export function leastMemoryOfDatabase(app: Given): number {
    return leastDatabaseMemory(connectionsOf({ web: webLimits(app), tasks: taskLimits }));
}

/** All limits of an application with these settings. */
export function limitsOf(app: Given): Limits {
    const web = webLimits(app);
    return {
        web,
        tasks: taskLimits,
        database: databaseLimits(mebibytes(app.database.memory.limit), web.bodies.editor),
        time: requestTimes({ requestSeconds: app.web.requestSeconds, largestTransfer: web.bodies.upload }),
        slowestRate,
    };
}

/** What the gateway must handle for an application with these settings. */
export function trafficOf(app: AppSettings): Traffic {
    if (app.type === "services") return trafficOfServices(app);
    const { web: { pods, threads }, time } = limitsOf(app);
    return { times: time, pods, requests: pods * threads };
}

/** Seconds that the slowest pod of an application may take to stop, without those that a load balancer adds. */
export function graceOf(app: AppSettings): number {
    return app.type === "services" ? graceOfServices(app) : limitsOf(app).time.drain;
}

function webLimits({ web }: Given): WebLimits {
    const file = bytes(web.uploads.maxFile);
    const variable = mebibytes(web.memory.limit) - fixedMemory(file);
    const picture = Math.max(leastPictureMemory, Math.floor(variable * pictureShare));
    const editors = Math.max(1, Math.min(mostEditors, Math.floor((variable - picture) / 2 / editorMemory)));
    const fitting = Math.floor((variable - picture - editors * editorMemory) / pageMemory);
    const useful = Math.ceil(Number(quantity(web.cpu.limit)) / 1e9 * pagesPerCpu);
    const upload = file + formOverhead;
    const editor = Math.min(upload, largestEditorBody);
    // Apache stores each body until it is complete. PHP makes a second copy, and a third of the file.
    const bodiesOnDisk = visitorBodies * visitorBody + editorsQueue * editor + uploadsQueue * upload
        + 2 * (visitorBodies * visitorBody + editors * editor + uploads * upload);
    return {
        pods: podsInRollout(web.replicas.max),
        threads: pagesQueue + visitorBodies + editorsQueue + uploadsQueue + otherThreads,
        visitorBodies,
        clientRequests: pagesQueue / 4,
        pages: { count: Math.max(1, Math.min(fitting, useful, mostPages)), queue: pagesQueue, memory: measured.pages },
        editors: { count: editors, queue: editorsQueue, memory: measured.editors },
        uploads: { count: uploads, queue: uploadsQueue, memory: uploadMemory(file) },
        opcache: measured.opcache,
        imagePixels: Math.floor((picture - measured.smallerSizes) * mebibyte / measured.bytesPerPixel),
        file,
        bodies: { visitor: visitorBody, editor, upload },
        scratch: Math.ceil(bodiesOnDisk / mebibyte) + otherScratch,
    };
}
