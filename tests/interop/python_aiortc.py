"""Python's aiortc against tenon's WebRtc: `URL` of the signalling. Prints `ok`, or what was wrong."""
import asyncio
import sys

import aiortc
import websockets


async def meet(url):
    peer = aiortc.RTCPeerConnection()
    peer._sctpLegacySdp = False  # its offers are of before RFC 8841 unless it was answered in today's form
    reliable = peer.createDataChannel("reliable")
    unreliable = peer.createDataChannel("unreliable", ordered=False, maxRetransmits=0)
    for channel in (reliable, unreliable):
        channel.heard = asyncio.Queue()
        channel.up = asyncio.Event()
        channel.on("message", channel.heard.put_nowait)
        channel.on("open", channel.up.set)
    await peer.setLocalDescription(await peer.createOffer())
    async with websockets.connect(url, subprotocols=["tenon"], compression=None) as socket:
        await socket.send(peer.localDescription.sdp.encode())
        answer = (await socket.recv()).decode()
    await peer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
    return peer, reliable, unreliable


async def main(url):
    peer, reliable, unreliable = await meet(url)
    await reliable.up.wait()
    await unreliable.up.wait()
    sizes = [1, 2, 1000, 1199, 1200, 16384, 65535, 65536]
    for size in sizes:
        reliable.send(bytes([size % 251]) * size)
    for size in sizes:
        assert await reliable.heard.get() == bytes([size % 251]) * size, "an echo of %d" % size
    heard = 0
    for i in range(40):
        unreliable.send(b"swift %d" % i)
        try:
            await asyncio.wait_for(unreliable.heard.get(), 0.5)
            heard += 1
        except asyncio.TimeoutError:
            pass
    assert heard >= 20, "%d swift echoes" % heard
    reliable.send(b"hang up")
    while reliable.readyState == "open":
        await asyncio.sleep(0.02)
    await peer.close()
    print("ok")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
