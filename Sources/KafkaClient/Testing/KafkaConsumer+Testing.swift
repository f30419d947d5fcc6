extension KafkaConsumer {
    /// Ends as a process that is killed does: without a word to the group, which waits for its session time, and without its handler.
    package func abandon() async {
        await self.core.close(abandoning: true)
    }
}
