#include "tenon/transport/miniupnpc.hpp"

#include <doctest/doctest.h>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <asio/ip/tcp.hpp>
#include "tenon/transport/asio.hpp"

using namespace tenon;
using namespace tenon::literals;
using namespace tenon::transport;

namespace {

// The part of an Internet Gateway Device that opens ports, over HTTP on this machine alone.
class Device {
  public:
    std::atomic<int> refuses = 0; // with this error of UPnP; 725 only leases that end, 718 the first port

    Device() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
        acceptor_.non_blocking(true);
        thread_ = std::thread([this] {
            while (!ends_) {
                asio::ip::tcp::socket socket(context_);
                asio::error_code code;
                acceptor_.accept(socket, code);
                if (code) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                    continue;
                }
                socket.non_blocking(false);
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
    bool has_none() {
        const std::lock_guard lock(mutex_);
        return ports_.empty();
    }
    bool has(const std::string& port) {
        const std::lock_guard lock(mutex_);
        return ports_.count(port) == 1;
    }

  private:
    std::string at() { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    static std::string field(const std::string& text, const std::string& name) {
        const std::size_t from = text.find("<" + name + ">"), to = text.find("</" + name + ">");
        if (from == std::string::npos || to == std::string::npos) return {};
        return text.substr(from + name.size() + 2, to - from - name.size() - 2);
    }
    void serve(asio::ip::tcp::socket& socket) {
        std::string asked;
        asio::error_code code;
        char piece[4096];
        for (;;) {
            const std::size_t head = asked.find("\r\n\r\n");
            std::size_t length = asked.find("Content-Length: ");
            length = length == std::string::npos ? 0 : std::stoul(asked.substr(length + 16));
            if (head != std::string::npos && asked.size() >= head + 4 + length) break;
            const std::size_t size = socket.read_some(asio::buffer(piece), code);
            if (code) return;
            asked.append(piece, size);
        }
        bool good = true;
        const std::string said = answer(asked, good);
        const std::string whole = std::string("HTTP/1.1 ") + (good ? "200 OK" : "500 Internal Server Error") +
                                  "\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: " +
                                  std::to_string(said.size()) + "\r\n\r\n" + said;
        for (std::size_t done = 0; done < whole.size() && !code;)
            done += socket.write_some(asio::buffer(whole.data() + done, whole.size() - done), code);
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
        if (asked.rfind("GET ", 0) == 0)
            return "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><URLBase>" + at() +
                   "</URLBase><device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</"
                   "deviceType>"
                   "<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</"
                   "deviceType><deviceList>"
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
        return soap("<u:GetExternalIPAddressResponse xmlns:u=\"" + service + "\"><NewExternalIPAddress>" +
                    outside_ + "</NewExternalIPAddress></u:GetExternalIPAddressResponse>");
    }

    std::mutex mutex_;
    std::set<std::string> ports_;
    std::string outside_ = "203.0.113.9";
    asio::io_context context_{1};
    asio::ip::tcp::acceptor acceptor_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

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
