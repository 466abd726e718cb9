-- What wrk does for the benchmark: each request is of a key and of a kind that are chosen
-- at random, and is counted by its key. plan.lua, whose path is the first argument, says
-- which there are.
local threads, seed = {}, 0

function setup(thread)
  seed = seed + 1
  thread:set("number", seed)
  table.insert(threads, thread)
end

function init(args)
  plan = dofile(args[1])
  math.randomseed(plan.seed * 1000 + number)
  requests, sent = {}, {}
  for key, secret in ipairs(plan.secrets) do
    sent[key] = 0
    secret = secret:gsub("%%", "%%%%") -- in what replaces, a percent sign stands for more
    for kind, of in ipairs(plan.kinds) do
      local headers = {}
      for name, value in pairs(of.headers) do
        headers[name] = value:gsub("SECRET", secret)
      end
      requests[(key - 1) * #plan.kinds + kind] = wrk.format(of.method, of.path, headers, of.body and of.body:gsub("SECRET", secret) or nil)
    end
  end
  keys, kinds, calls = #plan.secrets, #plan.kinds, 0
  verifying = number == 1 -- wrk asks the first thread for one request that it does not send
end

function request()
  local key, kind = math.random(keys), math.random(kinds)
  if verifying then
    verifying = false
  else
    calls = calls + 1
    sent[key] = sent[key] + plan.kinds[kind].units
  end
  return requests[(key - 1) * kinds + kind]
end

function done(summary, latency, _)
  local all, total = {}, 0
  for _, thread in ipairs(threads) do
    total = total + thread:get("calls")
    for key, n in ipairs(thread:get("sent")) do
      all[key] = (all[key] or 0) + n
    end
  end
  local errors = summary.errors
  io.write(string.format('\nRESULT {"Sent":%d,"Answered":%d,"Microseconds":%d,"P50":%d,"P99":%d,', total, summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99)))
  io.write(string.format('"Connect":%d,"Read":%d,"Write":%d,"Status":%d,"Timeout":%d,', errors.connect, errors.read, errors.write,
    errors.status, errors.timeout))
  io.write('"UnitsSent":[' .. table.concat(all, ",") .. "]}\n")
end
