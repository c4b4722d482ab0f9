// Node requires this file before a program of this project. Without it, most of the start would go into unneeded code.
"use strict";
const Module = require("node:module");

const { _load: load, _extensions: { ".js": javaScript } } = Module;

require("tsx/cjs");
Module._extensions[".js"] = javaScript; // tsx would read through every file of the installed packages

/** Loaded at their first use: the TypeScript compiler and a part of npm. Pulumi's SDK needs them only to serialize functions. */
const seldom = /^@npmcli\/arborist$|\/typescript-shim$/;
const saving = new WeakSet();

Module._load = function (request, ...rest) {
    const loaded = () => load.call(this, request, ...rest);
    if (seldom.test(request)) return new Proxy({}, { get: (_, key) => key === "__esModule" || loaded()[key] });
    const module = loaded();
    if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
        if (request.endsWith("/debuggable")) saveTraces(module);
        // The SDK sends hundreds of debug messages one by one, and the program waits for each answer. Only `pulumi --debug`
        // shows them: set the variable as well.
        if (request.endsWith("/log") && module.hasErrors) module.debug = () => Promise.resolve();
    }
    return module;
};

/** The SDK records a stack trace for each of its promises, but prints them only if PULUMI_DEBUG_PROMISE_LEAKS is set. */
function saveTraces(debuggable) {
    const { debuggablePromise } = debuggable;
    if (!debuggablePromise || saving.has(debuggable)) return; // half loaded, or already changed
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
