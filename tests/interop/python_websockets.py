"""Python's websockets against tenon's WebSocket: `client URL` tries a server that echoes, `server` is one. Prints
`ok` at the end, or what was wrong."""
import asyncio
import sys

import websockets


async def refused(url, **options):
    try:
        async with websockets.connect(url, **options):
            return 101
    except websockets.exceptions.InvalidStatusCode as error:
        return error.status_code


async def ended_with(url, message):
    async with websockets.connect(url, compression=None) as socket:
        await socket.send(message)
        try:
            await socket.recv()
        except websockets.exceptions.ConnectionClosed as closed:
            return closed.code
    return None


async def client(url):
    async with websockets.connect(url + "/play", subprotocols=["tenon"], origin="https://game.example") as socket:
        assert socket.subprotocol == "tenon"
        for size in [1, 125, 126, 4096, 65535, 65536, 66000]:
            message = bytes([size % 251]) * size
            await socket.send(message)
            assert await socket.recv() == message, "an echo of %d" % size
        await socket.send([b"in ", b"pie", b"ces"])
        assert await socket.recv() == b"in pieces"
        await asyncio.wait_for(await socket.ping(b"there?"), 30)
        await socket.close(4001, "enough")
        assert socket.close_code == 4001, socket.close_code
    play = url + "/play"
    assert await ended_with(play, "words") == 1003
    assert await ended_with(play, bytes(66001)) == 1009
    assert await ended_with(play, b"") == 1008
    assert await ended_with(play, b"hang up") == 1000
    assert await refused(url + "/elsewhere") == 404
    assert await refused(play, origin="https://evil.example") == 403
    assert await refused(play, subprotocols=["chess"]) == 400
    print("ok")


async def server():
    async def echo(socket, path):
        if path != "/echo":
            return await socket.close(4004)
        pongs = 0
        try:
            async for message in socket:
                await asyncio.wait_for(await socket.ping(), 30)
                pongs += 1
                await socket.send(message if len(message) < 100 else [message[:50], message[50:]])
        finally:
            print("closed %d%s" % (socket.close_code, " after pongs" if pongs else ""), flush=True)

    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["tenon"], origins=["https://game.example"],
                                max_size=None) as host:
        print("port %d" % host.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(server() if sys.argv[1] == "server" else client(sys.argv[2]))
