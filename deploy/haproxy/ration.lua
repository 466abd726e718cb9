-- Ration behind HAProxy 2.6 or later:
--
--   http-request lua.ration 127.0.0.1:8081
--   http-response lua.ration
--
-- asks Ration's API at that address whether a request may pass, and answers those that may
-- not. docs/GATEWAYS.md has the rest.

-- What the API learns; nobody else may say it, in any spelling.
local identity = { "x-auth-subject", "x-auth-key-id", "x-auth-plan", "x-auth-reservation", "x-request-id" }
-- What the client learns.
local remaining = { "ratelimit", "ratelimit-policy", "x-request-id" }
-- The headers in which clients send keys. If Authorization is the API's own, set key_bearer
-- and key_basic to false, and take it out here.
local credentials = { "x-api-key", "authorization" }
-- What the question doesn't have from the client.
local hop = {
	["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["upgrade"] = true,
	["expect"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["http2-settings"] = true,
	["x-request-id"] = true, ["x-forwarded-for"] = true, ["x-forwarded-method"] = true, ["x-forwarded-uri"] = true,
	["x-original-method"] = true, ["x-original-uri"] = true, ["x-original-url"] = true, ["x-rewrite-url"] = true, ["x-ration-token"] = true,
}
-- What the API doesn't have from the client: some frameworks take the last three for the
-- path, which is another one than was charged.
local ended = { "connection", "upgrade", "http2-settings", "x-original-uri", "x-original-url", "x-rewrite-url" }

local function set(names)
	local all = {}
	for _, name in ipairs(names) do all[name] = true end
	return all
end
local isIdentity = set(identity)

-- usual writes a header's name as applications may read it.
local function usual(name) return (string.gsub(string.lower(name), "[^%w]", "-")) end

local function first(headers, name)
	for _, value in pairs(headers[name] or {}) do return value end
	return ""
end

-- isWebSocket says whether a request asks for one. Any other protocol, such as h2c, would
-- carry requests that nobody asks about.
local function isWebSocket(txn, headers)
	local length = first(headers, "content-length")
	return txn.f:method() == "GET" and string.lower(first(headers, "upgrade")) == "websocket"
		and (length == "" or length == "0") and first(headers, "transfer-encoding") == ""
end

local function refuse(txn, status, headers, body)
	local reply = txn:reply({ status = status })
	for name, values in pairs(headers) do
		if not hop[name] or name == "x-request-id" then
			for _, value in pairs(values) do reply:add_header(name, value) end
		end
	end
	if txn.f:method() ~= "HEAD" then reply:set_body(body) end
	txn:done(reply)
end

core.register_action("ration", { "http-req" }, function(txn, address)
	local asked, sent = {}, txn.http:req_get_headers()
	local webSocket = isWebSocket(txn, sent)
	for name, values in pairs(sent) do
		if isIdentity[usual(name)] then
			if name ~= "x-request-id" then txn.http:req_del_header(name) end
		elseif not hop[name] then
			asked[name] = {}
			for _, value in pairs(values) do table.insert(asked[name], value) end
		end
	end
	asked["x-forwarded-method"] = { txn.f:method() }
	asked["x-forwarded-uri"] = { txn.f:pathq() }
	asked["x-forwarded-for"] = { txn.f:src() }
	local answer = core.httpclient():get({ url = "http://" .. address .. "/v1/forward-auth", headers = asked, timeout = 10000 })
	if not answer or not answer.status or answer.status == 0 then
		refuse(txn, 503, { ["content-type"] = { "application/problem+json" }, ["retry-after"] = { "1" }, ["cache-control"] = { "no-store" } },
			'{"title":"Service Unavailable","status":503,"code":"store_unavailable"}')
		return
	end
	if answer.status ~= 200 then
		refuse(txn, answer.status, answer.headers, answer.body or "")
		return
	end
	for _, name in ipairs(ended) do txn.http:req_del_header(name) end
	if webSocket then
		txn.http:req_set_header("Connection", "Upgrade")
		txn.http:req_set_header("Upgrade", "websocket")
	end
	for _, name in ipairs(identity) do txn.http:req_set_header(name, first(answer.headers, name)) end
	for _, name in ipairs(credentials) do txn.http:req_del_header(name) end
	txn.http:req_set_header("X-Forwarded-For", txn.f:src())
	for _, name in ipairs(remaining) do txn:set_var("txn.ration_" .. string.gsub(name, "-", "_"), first(answer.headers, name)) end
end, 1)

core.register_action("ration", { "http-res" }, function(txn)
	for _, name in ipairs(remaining) do
		local value = txn:get_var("txn.ration_" .. string.gsub(name, "-", "_"))
		txn.http:res_del_header(name)
		if value and value ~= "" then txn.http:res_set_header(name, value) end
	end
end, 0)
