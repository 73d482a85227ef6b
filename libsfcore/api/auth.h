/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who asks. The two tokens of a request are taken from its headers here; that
 * they exist and belong together is part of each verb of the store, so that
 * nothing can change between the check and the deed.
 */
#ifndef SF_AUTH_H
#define SF_AUTH_H

#include "base/config.h"
#include "model/chat.h"
#include "http/http.h"

/* SF_ERR_UNAUTHORIZED: a token is missing or is not one; detail names it. */
enum sf_err sf_auth_read(const struct sf_request *request,
	const struct sf_config *config, struct sf_participant *out,
	struct sf_detail *detail) SF_MUST_CHECK;

#endif
