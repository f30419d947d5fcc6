extension KafkaMessageBus {
    /// Ends as a killed process does, for tests: groups notice after their session time.
    package func dieUnnoticed() async {
        await self.abandon()
    }
}
