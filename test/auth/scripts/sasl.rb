require "dalli"

Dalli.logger.level = Logger::FATAL
host, port, user, password = ARGV
client = Dalli::Client.new("#{host}:#{port}", username: user, password: password, socket_timeout: 30)
begin
  client.set("ruby", "value")
  puts "stored, read #{client.get('ruby')}"
rescue Dalli::DalliError => e
  puts e.message.include?("authenticating") ? "refused" : e.inspect
end
