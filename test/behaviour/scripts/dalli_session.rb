# Thirty steps with Dalli, which waits for a busy machine; with a third argument, so many seconds of writes and reads.
require "dalli"

$steps = 0

def want(got, expected)
  $steps += 1
  return if got == expected

  abort "step #{$steps}: got #{got.inspect[0, 200]}, want #{expected.inspect[0, 200]}"
end

c = Dalli::Client.new("#{ARGV[0]}:#{ARGV[1]}", socket_timeout: 60)
if ARGV[2]
  finish = Time.now + ARGV[2].to_f
  n = 0
  while Time.now < finish
    want(!!c.set("key#{n % 100}", n), true)
    want(c.get("key#{n % 100}"), n)
    n += 1
  end
  puts "steady"
  exit
end
big = "0123456789" * 50_000
want(!!c.set("a", "1"), true)
want(c.get("a"), "1")
want(c.get("none"), nil)
want(c.add("a", "2"), false)
want(!!c.add("b", "2"), true)
want(c.get_multi("a", "b", "none"), { "a" => "1", "b" => "2" })
c.multi { 100.times { |i| c.set("many#{i}", i) } }
want(c.get_multi((0...100).map { |i| "many#{i}" }).size, 100)
want(!!c.replace("a", "3"), true)
want([false, nil, 0].include?(c.replace("none", "3")), true)
want(!!c.set("raw", "3", 0, raw: true), true)
want(c.append("raw", "4"), true)
want(c.prepend("raw", "5"), true)
want(c.get("raw", raw: true), "534")
want(c.incr("n", 6, 0, 540), 540)
want(c.incr("n", 6), 546)
want(c.decr("n", 46), 500)
want(c.get("n", raw: true).to_i, 500)
value, token = c.get_cas("b")
want(value, "2")
want(!!c.set_cas("b", "3", token), true)
want(c.set_cas("b", "4", token), false)
want(c.get("b"), "3")
want(c.touch("b", 1000), true)
want(c.gat("b", 1000), "3")
want(c.delete("a"), true)
want(c.delete("a") || false, false)
want(!!c.set("list", [1, { "two" => 3.5 }]), true)
want(c.get("list"), [1, { "two" => 3.5 }])
want(!!c.set("big", big, 1000), true)
want(c.get("big"), big)
want(c.flush_all, [true])
puts "#{$steps} steps"
