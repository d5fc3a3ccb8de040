#include "actors/net/discovery.h"
