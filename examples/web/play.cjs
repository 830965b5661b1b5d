// A browser without a picture: plays the page's program in node, whose package ws stands for the browser's
// WebSocket, prints how it went, and ends with 1 when that was not well.
//   node play.cjs PROGRAM ws://HOST:PORT NAME SECONDS [MODE FROM TO]
// Between FROM and TO the tab is in the background: where MODE is `hidden` it is not drawn, its timer runs once a
// second, and what arrives is heard; where it is `frozen` nothing runs at all.
const Socket = require('ws');
const [program, url, name, seconds, mode, from, to] = process.argv.slice(2);

let frozen = [];
let deaf = false;
globalThis.WebSocket = class extends Socket {
    constructor(...given) {
        super(...given);
        this.on('error', () => {}); // node ends a program that does not listen
    }
    // A frozen page hears what has come when it thaws.
    set onmessage(f) { super.onmessage = f && ((event) => deaf ? frozen.push([f, event]) : f(event)); }
    set onclose(f) { super.onclose = f && ((event) => deaf ? frozen.push([f, event]) : f(event)); }
};
function judge({ before, during, after }) {
    if (after.status !== 'joined') return 'it is not in the room at the end';
    if (after.ships < 2) return 'it sees nobody';
    if (after.flown <= 1) return 'its ship did not move';
    if (after.late_ms > 2000) return 'what it sees is long ago';
    if (!mode) return '';
    if (before.status !== 'joined') return 'it was not in the room before';
    if (mode === 'frozen') return after.flown > during.flown ? '' : 'its ship does not move any more';
    if (after.joined !== 1) return 'it lost its place in the background';
    return during.woken > 10 && during.frames > before.frames ? '' : 'it heard nothing in the background';
}
globalThis.Module = {
    onRuntimeInitialized() {
        const text = (value) => {
            const bytes = Buffer.from(value + '\0'), at = Module._malloc(bytes.length);
            Module.HEAPU8.set(bytes, at);
            return at;
        };
        const report = () => JSON.parse(Module.UTF8ToString(Module._arena_report()));
        const start = performance.now(), reports = {};
        let before = 0;
        Module._arena_join(text(url), text(name), 1);
        const loop = setInterval(() => {
            const now = (performance.now() - start) / 1000, away = mode && now >= from && now < to;
            if (away && !reports.before) reports.before = report();
            deaf = away && mode === 'frozen';
            if (!away && frozen.length) for (const [f, event] of frozen.splice(0)) f(event);
            if (mode && now >= +to && !reports.during) reports.during = report();
            if (now >= seconds) {
                clearInterval(loop);
                reports.after = report();
                Module._arena_leave();
                console.log(JSON.stringify(reports));
                const wrong = judge(reports);
                if (wrong) console.log('wrong: ' + wrong);
                return setTimeout(() => process.exit(wrong ? 1 : 0), 100);
            }
            if (away && (mode === 'frozen' || now - before < 1)) return;
            before = now;
            Module._arena_turn();
        }, 16);
    },
};
// As a page's script runs: at the top, where it finds Module.
Object.assign(globalThis, { require, __dirname, __filename });
require('vm').runInThisContext(require('fs').readFileSync(program, 'utf8'), program);
