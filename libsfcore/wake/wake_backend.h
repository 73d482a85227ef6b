/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface of a wake-up backend. Only wake*.c include this file. */
#ifndef SF_WAKE_BACKEND_H
#define SF_WAKE_BACKEND_H

#include "wake/wake.h"

/* The functions of wake.h. A signal may end `wait` early. */
struct sf_wake_backend {
	void (*free)(struct sf_wake *wake);
	void (*prepare)(struct sf_wake *wake, const struct sf_token *user);
	bool (*wait)(struct sf_wake *wake, int limit_ms);
	void (*send)(struct sf_wake *wake, const struct sf_token *user);
};

/* The first member of each backend's own struct. */
struct sf_wake {
	const struct sf_wake_backend *backend;
};

enum sf_err sf_wake_open_local(
	const struct sf_config *config, struct sf_wake **out) SF_MUST_CHECK;

enum sf_err sf_wake_open_redis(
	const struct sf_config *config, struct sf_wake **out) SF_MUST_CHECK;

#endif
