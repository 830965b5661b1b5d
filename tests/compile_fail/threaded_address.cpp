// expect: tenon: an address that goes from thread to thread must be trivially copyable
#include <string>

#include "tenon/transport/datagram_ring.hpp"

struct Address {
#ifdef SHOULD_FAIL
    std::string host;
#else
    unsigned host = 0;
#endif
};

void open() { tenon::transport::DatagramRing<Address> ring(4096, 1200); }
