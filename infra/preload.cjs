// Node requires this file before a program of this project: what such a program doesn't need would be most of its start.
"use strict";
const Module = require("node:module");

const { _load: load, _extensions: { ".js": javaScript } } = Module;

require("tsx/cjs");
Module._extensions[".js"] = javaScript; // installed packages: tsx would look through each of their files

/** The TypeScript compiler and a part of npm, by which Pulumi's SDK turns functions into text: loaded at their first use. */
const seldom = /^@npmcli\/arborist$|\/typescript-shim$/;
const saving = new WeakSet();

Module._load = function (request, ...rest) {
    const loaded = () => load.call(this, request, ...rest);
    if (seldom.test(request)) return new Proxy({}, { get: (_, key) => key === "__esModule" || loaded()[key] });
    const module = loaded();
    if (request.endsWith("/debuggable") && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) saveTraces(module);
    return module;
};

/** The SDK takes a stack trace of every promise that it makes, and prints it only where that variable is set. */
function saveTraces(debuggable) {
    const { debuggablePromise } = debuggable;
    if (!debuggablePromise || saving.has(debuggable)) return; // half loaded, or met before
    saving.add(debuggable);
    debuggable.debuggablePromise = (...args) => {
        const { stackTraceLimit } = Error;
        Error.stackTraceLimit = 0;
        try {
            return debuggablePromise(...args);
        } finally {
            Error.stackTraceLimit = stackTraceLimit;
        }
    };
}
