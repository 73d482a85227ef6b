# SFChat. `make run` brings it up, `make check` proves it; see README.md.
# Everything that is made lies under build/; C goes to build/$(STORE).

STORE   ?= lmdb
BUILD   ?= build
OUT     := $(BUILD)/$(STORE)
CC      ?= cc

PACKAGES := json-c libbson-static-1.0 lmdb
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wconversion
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
# Ours by -iquote: some of our headers have names that libraries use too.
INCLUDES := -iquote libsfcore $(patsubst -I%,-isystem %,\
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
CFLAGS   ?= -O2 -g
# A CGI program's cost is its start: static and at a fixed place starts fastest.
LDSTATIC ?= -static -no-pie
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -fno-pie $(WARN) $(HARDEN) $(CFLAGS) $(SANITIZE)
LDFLAGS  += -Wl,-z,relro,-z,now
LIBS     := $(shell pkg-config --static --libs $(PACKAGES) 2>/dev/null)

SOURCES  := $(filter-out libsfcore/store_%.c,$(wildcard libsfcore/*.c)) \
	libsfcore/store_$(STORE).c
PROGRAMS := $(patsubst cgi-bin/%.c,$(OUT)/cgi-bin/%,$(wildcard cgi-bin/*.c))
LIBRARY  := $(OUT)/libsfcore.a

all: programs site

programs: $(PROGRAMS)

site: $(BUILD)/html/index.html

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(INCLUDES) -MMD -MP -c $< -o $@

$(LIBRARY): $(SOURCES:%.c=$(OUT)/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(OUT)/cgi-bin/%: $(OUT)/obj/cgi-bin/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) $(LDSTATIC) $^ $(LIBS) -o $@

clean:
	rm -rf $(BUILD)

.PHONY: all programs site clean
.SECONDARY:
include tests/tests.mk
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
