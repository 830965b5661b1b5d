#pragma once
// The single include: everything of tenon that needs no library beyond its base packages.

#include "tenon/portable.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/udp.hpp"
