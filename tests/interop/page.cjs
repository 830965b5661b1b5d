// Makes node a page, as far as a transport is concerned: the package ws stands for the browser's WebSocket.
const Socket = require('ws');
globalThis.WebSocket = class extends Socket {
    constructor(...given) {
        super(...given);
        this.on('error', () => {}); // node ends a program that does not listen
    }
};
