# SPDX-License-Identifier: BSD-3-Clause
# The store on a MongoDB server. Included by the Makefile.

# The package of the driver is called mongoc2 from version 2 on.
PACKAGES_mongodb = $(shell pkg-config --exists mongoc2 && echo mongoc2 || \
	echo libmongoc-1.0) openssl
# The driver brings OpenSSL into each program, so Redis may use it too.
TLS_mongodb := openssl
# The libraries of the driver do not link statically.
LDSTATIC_mongodb := -no-pie
# The unit tests that run with this store alone.
TEST_NAMES_mongodb := test_snapshot test_mongodb test_mongodb_sweep \
	test_redis_tls
