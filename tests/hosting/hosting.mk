# SPDX-License-Identifier: BSD-3-Clause
# The tests of docs/HOSTING.md on new Debian systems. They need root. Included by the
# Makefile.

# One for each version of Debian, named by its number.
HOSTING := $(addprefix check-hosting-,12 13)

$(HOSTING): check-hosting-%:
	DEBIAN=$* tests/hosting/in-network $(NODE_TEST) tests/hosting/hosting.test.mjs

.PHONY: $(HOSTING)
