#include "tenon/transport/miniupnpc.hpp"

#include <doctest/doctest.h>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tenon/transport/datagram_socket.hpp"
#include "tenon/transport/stream_socket.hpp"

using namespace tenon;
using namespace tenon::literals;
using namespace tenon::transport;

namespace {

using transport::detail::DatagramSocket;
using transport::detail::Moving;
using transport::detail::StreamSocket;

void nap() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

// The part of an Internet Gateway Device that opens ports, over HTTP on this machine alone.
class Device {
  public:
    std::atomic<int> refuses = 0; // with this error of UPnP; 725 only leases that end, 718 the first port

    Device() {
        REQUIRE(!acceptor_.listen(IpAddress::loopback(0), true, false, 8));
        thread_ = std::thread([this] {
            while (!ends_) {
                IpAddress from;
                std::error_code code;
                const StreamSocket socket = acceptor_.accept(from, {}, code);
                if (code)
                    nap();
                else
                    serve(socket);
            }
        });
    }
    ~Device() {
        ends_ = true;
        thread_.join();
    }
    std::string url() { return at() + "/root.xml"; }
    void be_seen_as(const std::string& address) {
        const std::lock_guard lock(mutex_);
        outside_ = address;
    }
    // Which device it says it is, and whether that is connected to what is outside.
    void be(const std::string& kind, bool connected) {
        const std::lock_guard lock(mutex_);
        kind_ = kind;
        connected_ = connected;
    }
    bool has_none() {
        const std::lock_guard lock(mutex_);
        return ports_.empty();
    }
    bool has(const std::string& port) {
        const std::lock_guard lock(mutex_);
        return ports_.count(port) == 1;
    }

  private:
    std::string at() { return "http://127.0.0.1:" + std::to_string(acceptor_.local_address().port); }
    static std::string field(const std::string& text, const std::string& name) {
        const std::size_t from = text.find("<" + name + ">"), to = text.find("</" + name + ">");
        if (from == std::string::npos || to == std::string::npos) return {};
        return text.substr(from + name.size() + 2, to - from - name.size() - 2);
    }
    void serve(const StreamSocket& socket) {
        std::string asked;
        std::byte piece[4096];
        for (;;) {
            const std::size_t head = asked.find("\r\n\r\n");
            std::size_t length = asked.find("Content-Length: ");
            length = length == std::string::npos ? 0 : std::stoul(asked.substr(length + 16));
            if (head != std::string::npos && asked.size() >= head + 4 + length) break;
            const auto moved = socket.read(piece);
            if (moved.how == Moving::later)
                nap();
            else if (moved.how != Moving::moved)
                return;
            asked += text_of(BytesIn(piece, moved.bytes));
        }
        bool good = true;
        const std::string said = answer(asked, good);
        const std::string whole = std::string("HTTP/1.1 ") + (good ? "200 OK" : "500 Internal Server Error") +
                                  "\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: " +
                                  std::to_string(said.size()) + "\r\n\r\n" + said;
        for (std::size_t done = 0; done < whole.size();) {
            const auto moved = socket.write(bytes_of(whole).subspan(done));
            if (moved.how == Moving::later)
                nap();
            else if (moved.how != Moving::moved)
                return;
            done += moved.bytes;
        }
    }
    std::string answer(const std::string& asked, bool& good) {
        const std::lock_guard lock(mutex_);
        const std::string service = "urn:schemas-upnp-org:service:WANIPConnection:1";
        const auto soap = [&](const std::string& inside) {
            return "<?xml version=\"1.0\"?><s:Envelope "
                   "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>" +
                   inside + "</s:Body></s:Envelope>";
        };
        const auto fault = [&](int number) {
            good = false;
            return soap(
                "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
                "<UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>" +
                std::to_string(number) + "</errorCode></UPnPError></detail></s:Fault>");
        };
        // By which the library knows a gateway among the devices that it has found.
        const std::string wan =
            "<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</"
            "serviceType><serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId><controlURL>/common"
            "</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/common.xml</SCPDURL></service></"
            "serviceList>";
        if (asked.rfind("GET ", 0) == 0)
            return "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><URLBase>" + at() +
                   "</URLBase><device><deviceType>urn:schemas-upnp-org:device:" + kind_ +
                   ":1</deviceType>"
                   "<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</"
                   "deviceType>" +
                   (kind_ == "InternetGatewayDevice" ? wan : "") +
                   "<deviceList>"
                   "<device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</"
                   "deviceType><serviceList>"
                   "<service><serviceType>" +
                   service +
                   "</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><controlURL>/"
                   "control"
                   "</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service>"
                   "</serviceList></device></deviceList></device></deviceList></device></root>";
        if (asked.find("#AddPortMapping") != std::string::npos) {
            const std::string port = field(asked, "NewExternalPort"),
                              lease = field(asked, "NewLeaseDuration");
            if (refuses == 725 && lease != "0") return fault(725);
            if (refuses == 718 && port == "4000") return fault(718);
            if (refuses == 606) return fault(606);
            ports_.insert(port + " " + field(asked, "NewProtocol") + " " + field(asked, "NewInternalClient") +
                          " " + field(asked, "NewInternalPort"));
            return soap("<u:AddPortMappingResponse xmlns:u=\"" + service + "\"/>");
        }
        if (asked.find("#DeletePortMapping") != std::string::npos) {
            const std::string port = field(asked, "NewExternalPort") + " ";
            for (auto it = ports_.begin(); it != ports_.end();)
                it = it->rfind(port, 0) == 0 ? ports_.erase(it) : std::next(it);
            return soap("<u:DeletePortMappingResponse xmlns:u=\"" + service + "\"/>");
        }
        if (asked.find("#GetStatusInfo") != std::string::npos)
            return soap("<u:GetStatusInfoResponse xmlns:u=\"" + service + "\"><NewConnectionStatus>" +
                        (connected_ ? "Connected" : "Disconnected") +
                        "</NewConnectionStatus><NewLastConnectionError>ERROR_NONE</NewLastConnectionError>"
                        "<NewUptime>60</NewUptime></u:GetStatusInfoResponse>");
        return soap("<u:GetExternalIPAddressResponse xmlns:u=\"" + service + "\"><NewExternalIPAddress>" +
                    outside_ + "</NewExternalIPAddress></u:GetExternalIPAddressResponse>");
    }

    std::mutex mutex_;
    std::set<std::string> ports_;
    std::string outside_ = "203.0.113.9", kind_ = "InternetGatewayDevice";
    bool connected_ = true;
    StreamSocket acceptor_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

// Hears who asks for devices by multicast, on this machine alone, and answers one of them: who asks from
// `asker`, so that tests that run at the same time don't meet.
class Ssdp {
  public:
    std::atomic<int> asked = 0; // for a gateway, as the standard has it

    Ssdp(const std::string& asker, std::string answer)
        : asker_(*IpAddress::parse(asker + ":1")), answer_(std::move(answer)) {
        if (socket_.open(true, false)) return;
        socket_.share_port();
        opened_ = !socket_.bind(group, true) && socket_.join(group, asker_);
        if (!opened_) return;
        thread_ = std::thread([this] {
            for (; !ends_; nap()) turn();
        });
    }
    ~Ssdp() {
        ends_ = true;
        if (thread_.joinable()) thread_.join();
    }
    // What is said to all on this machine is heard on it, which not every system lets a test do.
    bool hears() {
        if (!opened_) return false;
        DatagramSocket voice;
        IpAddress from = asker_;
        from.port = 0;
        if (voice.open(true, false) || voice.bind(from, true) || !voice.leave_by(asker_)) return false;
        for (int i = 0; i < 500 && heard_ == 0; ++i, nap(), nap())
            if (voice.send(group, true, bytes_of("?"))) return false;
        return heard_ != 0;
    }

  private:
    void turn() {
        std::byte bytes[1500];
        IpAddress from;
        std::size_t size = 0;
        if (socket_.receive(from, bytes, size) || !(from.network() == asker_.network())) return;
        ++heard_;
        const std::string_view said = text_of(BytesIn(bytes, size));
        const auto has = [&](std::string_view line) { return said.find(line) != std::string_view::npos; };
        if (!said.starts_with("M-SEARCH * HTTP/1.1\r\n") || !has("\r\nMAN: \"ssdp:discover\"\r\n") ||
            !has("\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"))
            return;
        ++asked;
        (void)socket_.send(from, true, bytes_of(answer_));
    }

    static constexpr IpAddress group = IpAddress::v4(239, 255, 255, 250, 1900);

    IpAddress asker_;
    std::string answer_;
    DatagramSocket socket_;
    bool opened_ = false;
    std::atomic<int> heard_ = 0;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

// An address of this machine that no other test asks from.
std::string own_loopback() {
    std::random_device any;
    const auto part = [&] { return std::to_string(1 + any() % 254); };
    return "127." + part() + "." + part() + "." + part();
}

std::string is_at(const std::string& url) {
    return "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: "
           "urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nUSN: "
           "uuid:5c6b0e9e-0000-4000-8000-000000000001::"
           "urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nEXT:\r\nSERVER: test "
           "UPnP/1.1\r\nLOCATION: " +
           url + "\r\n\r\n";
}

const std::atomic<bool> goes_on = false;

} // namespace

TEST_CASE("a device of UPnP opens a port for this machine, and closes it") {
    Device device;
    Upnp way({.description = device.url()});
    const MappingWish wish{.port = 4000};
    const auto at = way.open(wish, goes_on);
    REQUIRE(at);
    CHECK(*at == IpAddress::v4(203, 0, 113, 9, 4000));
    CHECK(device.has("4000 UDP 127.0.0.1 4000"));
    way.close(wish, *at);
    CHECK(device.has_none());
    CHECK(way.open({.port = 4001, .outside = 5000, .tcp = true}, goes_on)->port == 5000);
    CHECK(device.has("5000 TCP 127.0.0.1 4001"));
}

TEST_CASE("a device that has given the port away, gives only for good, or gives none") {
    Device device;
    Upnp way({.description = device.url()});
    device.refuses = 718;
    CHECK(way.open({.port = 4000}, goes_on)->port == 4001);
    CHECK(device.has("4001 UDP 127.0.0.1 4000"));
    device.refuses = 725;
    CHECK(way.open({.port = 4000}, goes_on)->port == 4000);
    device.refuses = 606;
    CHECK(way.open({.port = 4000}, goes_on).error() == Error::refused);
    device.refuses = 0;
    for (const char* nonsense : {"", "nowhere", "0.0.0.0", "999.1.1.1"}) {
        device.be_seen_as(nonsense);
        CHECK(!way.open({.port = 4000}, goes_on));
    }
    CHECK(Upnp({.description = "http://127.0.0.1:9/root.xml"}).open({.port = 4000}, goes_on).error() ==
          Error::unreachable);
}

TEST_CASE("a device is found by asking all who are there, and what is no router that leads outside is none") {
    struct Case {
        const char *kind, *outside;
        bool connected, is_there, gives;
        std::string asker = own_loopback(), seen{};
        Error error = Error::none;
        bool hears = false, asked = false, opened = false, closed = false;

        void look() {
            Device device;
            device.be(kind, connected);
            device.be_seen_as(outside);
            Ssdp ssdp(asker, is_at(is_there ? device.url() : "http://127.0.0.1:9/root.xml"));
            hears = ssdp.hears();
            if (!hears) return;
            Upnp way({.patience = 1_s, .through = asker});
            const auto at = way.open({.port = 4000}, goes_on);
            asked = ssdp.asked > 0;
            error = at.error();
            opened = device.has("4000 UDP 127.0.0.1 4000");
            if (at) {
                seen = at->text();
                way.close({.port = 4000}, *at);
            }
            closed = device.has_none();
        }
    };
    // Of one the whole world knows, and one is itself behind a router. The others lead nowhere, have no
    // address outside, are something else, or are gone.
    const char* gateway = "InternetGatewayDevice";
    std::vector<Case> cases{{gateway, "198.51.101.9", true, true, true},
                            {gateway, "192.168.7.2", true, true, true},
                            {gateway, "", false, true, false},
                            {gateway, "0.0.0.0", true, true, false},
                            {"MediaServer", "8.8.4.4", true, true, false},
                            {gateway, "8.8.4.4", true, false, false}};
    // The library waits for a second each time, so all at once.
    std::vector<std::thread> threads;
    for (Case& one : cases) threads.emplace_back([&one] { one.look(); });
    for (std::thread& thread : threads) thread.join();
    if (!cases[0].hears) {
        MESSAGE("skipped: this machine does not hear what it says to 239.255.255.250:1900");
        return;
    }
    for (const Case& one : cases) {
        CAPTURE(std::string(one.kind) + " at " + one.outside);
        CHECK(one.asked);
        CHECK(one.closed);
        CHECK(one.opened == one.gives);
        CHECK(one.seen == (one.gives ? one.outside + std::string(":4000") : ""));
        CHECK((one.error == Error::none) == one.gives);
    }
    CHECK(cases[4].error == Error::unreachable);
    CHECK(cases[5].error == Error::unreachable);
}
