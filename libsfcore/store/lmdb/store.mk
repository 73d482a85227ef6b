# SPDX-License-Identifier: BSD-3-Clause
# The embedded store. Included by the Makefile.

PACKAGES_lmdb := libbson-static-1.0 lmdb
PKG_CONFIG_lmdb := --static
# A CGI program's cost is its start: static and at a fixed place starts fastest.
# No resolver: see redis.c.
LDSTATIC_lmdb := -static -no-pie -Wl,--wrap=getaddrinfo,--wrap=freeaddrinfo
# The unit tests that run with this store alone.
TEST_NAMES_lmdb := test_lmdb
