# Jobs with Sidekiq: sidekiqjobs.rb HOST PORT. Its process waits for them (BRPOP); scheduled ones come later (scripts).
# As a worker, Sidekiq loads this file.

require 'sidekiq'
Redis.silence_deprecations = true

at = ENV['REDIS_URL'] ||= "redis://#{ARGV[0]}:#{ARGV[1]}/0"
Sidekiq.configure_server { |config| config.options[:poll_interval_average] = 0.2 }

class Double
  include Sidekiq::Worker
  sidekiq_retry_in { 1 }

  def perform(n, fails)
    raise 'not the first time' if fails && Sidekiq.redis { |r| r.incr('tries') } == 1

    Sidekiq.redis { |r| r.rpush('results', 2 * n) }
  end
end

def until_true(what)
  limit = Time.now + 120 # seconds; on an idle machine it happens at once
  until yield
    abort "waited in vain: #{what}" if Time.now > limit
    sleep 0.01
  end
end

if $PROGRAM_NAME == __FILE__
  worker = spawn({ 'REDIS_URL' => at }, 'sidekiq', '-c', '2', '-r', File.expand_path(__FILE__), out: File::NULL)
  begin
    30.times { |n| Double.perform_async(n, false) }
    Sidekiq::Client.push_bulk('class' => Double, 'args' => (30...50).map { |n| [n, false] })
    Double.perform_in(0.3, 50, false)
    Double.perform_async(51, true)
    until_true('all results') { Sidekiq.redis { |r| r.llen('results') } == 52 }
    got = Sidekiq.redis { |r| r.lrange('results', 0, -1) }.map(&:to_i).sort
    abort "results #{got}" if got != (0...52).map { |n| 2 * n }
  ensure
    Process.kill(:TERM, worker)
    Process.wait(worker)
  end
  puts '52 jobs'
end
