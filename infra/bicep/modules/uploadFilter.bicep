metadata description = 'Which events of the data account are uploads, and what both ways by which they reach the app have in common.'

@description('Calls that complete a blob, as Event Grid names them. Others, such as CreateFile, announce a blob that is still empty.')
var completingCalls = ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose', 'SftpCommit']

@description('Ends of names that start no job: side-cars and uploads under way. The same list as in reelbrush/job/names.py.')
var otherSuffixes = ['.json', '.tmp', '.part', '.partial', '.crdownload', '.filepart', '.upload']

@export()
@description('Name of the event subscription, of which there is one: by webhook or by queue.')
var subscriptionName = 'video-uploaded'

@export()
@description('Form of the events, by both ways: Azure refuses to change it, and so to change the way. It is the one whose handshake the Functions host answers.')
var deliverySchema = 'EventGridSchema'

@export()
@description('Delivery is tried for a day, thirty times at most; what is left then becomes a dead letter.')
var retryPolicy = {
  maxDeliveryAttempts: 30
  eventTimeToLiveInMinutes: 1440
}

@export()
@description('Container whose blobs are uploads.')
var uploadContainer = 'input'

@export()
@description('Lets through completed blobs of that container whose name may start a job. Event Grid compares text without regard to case.')
var uploadFilter = {
  includedEventTypes: ['Microsoft.Storage.BlobCreated']
  subjectBeginsWith: '/blobServices/default/containers/${uploadContainer}/blobs/'
  advancedFilters: [
    {
      operatorType: 'StringIn'
      key: 'data.api'
      values: completingCalls
    }
    {
      operatorType: 'StringNotEndsWith'
      key: 'subject'
      values: otherSuffixes
    }
  ]
}
