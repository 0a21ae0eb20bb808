-- Sends requests that were made beforehand. LOAD_FILE holds them: for each a line with its length, then its bytes.
-- With LOAD_ONCE no request is sent twice: each thread takes its share, and stops when it has sent all of it.
local threads, share = {}, tonumber(os.getenv("LOAD_THREADS"))
local once = os.getenv("LOAD_ONCE") == "1"

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function init()
   requests, at, ended = {}, 0, 0
   local file = assert(io.open(os.getenv("LOAD_FILE"), "rb"))
   local i = 0
   for line in function() return file:read("*l") end do
      local bytes = file:read(tonumber(line))
      if not once or i % share == number then requests[#requests + 1] = bytes end
      i = i + 1
   end
   file:close()
   loaded = os.clock() -- of the processor, by all threads so far
   if not once then at = math.floor(#requests / share * number) end
end

function request()
   at = at + 1
   if at > #requests then
      if once then ended = 1; wrk.thread:stop() end
      at = 1
   end
   return requests[at]
end

function done(summary, latency)
   local ended, loaded = 0, 0
   for _, t in ipairs(threads) do
      ended = ended + t:get("ended")
      loaded = math.max(loaded, t:get("loaded"))
   end
   local e = summary.errors
   io.write(string.format('\n@{"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"broken":%d,"refused":%d,"ended":%d,"loading":%d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.timeout, e.status, ended, loaded * 1e6))
end
