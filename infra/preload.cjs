// Node requires this file before a program of this project. Without it, most of the start would go into unneeded code.
"use strict";
const Module = require("node:module");

const { _load: load, _extensions: { ".js": javaScript } } = Module;

require("tsx/cjs");
Module._extensions[".js"] = javaScript; // tsx would read through every file of the installed packages

/** Loaded at their first use: the TypeScript compiler and a part of npm. Pulumi's SDK needs them only to serialize functions. */
const seldom = /^@npmcli\/arborist$|\/typescript-shim$/;

Module._load = function (request, ...rest) {
    const loaded = () => load.call(this, request, ...rest);
    if (!seldom.test(request)) return loaded();
    return new Proxy({}, { get: (_, key) => key === "__esModule" || loaded()[key] });
};
