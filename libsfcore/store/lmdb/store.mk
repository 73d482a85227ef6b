# SPDX-License-Identifier: BSD-3-Clause
# The embedded store. Included by the Makefile.

PACKAGES_lmdb := libbson-static-1.0 lmdb
PKG_CONFIG_lmdb := --static
# Most of what a CGI program costs is its start, and a static program at a fixed
# address starts fastest. The two functions of --wrap keep the C library's
# resolver out of the programs; redis.c defines them.
LDSTATIC_lmdb := -static -no-pie -Wl,--wrap=getaddrinfo,--wrap=freeaddrinfo
# Why these programs have no TLS: redis_tls_none.c.
TLS_lmdb := none
# The unit tests that run with this store alone.
TEST_NAMES_lmdb := test_lmdb
